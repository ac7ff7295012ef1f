# SPDX-License-Identifier: GPL-2.0-or-later
# Tests on this machine, and the sets of checks. Every tests/unit/*/test_*.c,
# tests/interop/test_*.c and tests/fuzz/fuzz_*.c is found by itself and becomes one program.

UNIT_SRC := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT     := $(patsubst tests/%.c,$(O)/tests/%,$(UNIT_SRC))
INTEROP  := $(patsubst tests/%.c,$(O)/tests/%,$(sort $(wildcard tests/interop/test_*.c)))
VOLUME   := $(patsubst tests/%.c,$(O)/tests/%,$(sort $(wildcard tests/volume/test_*.c)))
FAULT    := $(patsubst tests/%.c,$(O)/tests/%,$(sort $(wildcard tests/fault/test_*.c)))
TAPE     := $(O)/obj/tests/fault/tape.o
FUZZERS  := $(patsubst tests/%.c,$(O)/tests/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
PROVIDER_TESTS := $(patsubst tests/%.c,$(O)/tests/%,$(filter-out \
	$(if $(SAN),%/test_memory.c %/test_keyvault_memory.c),$(sort $(wildcard tests/provider/test_*.c))))
# The library's half of providers that only tests have.
TEST_PROVIDER_OBJ := $(O)/obj/tests/provider/double_scheme.o $(O)/obj/userspace/lib/provider/template/scheme.o
PROVIDER_TEST_OBJ = $(O)/obj/tests/provider/place.o $(TEST_PROVIDER_OBJ) $(HARNESS) $(LIB_OBJ) $(PROVIDER_OBJ)
KMIP     := $(patsubst tests/%.c,$(O)/tests/%,$(filter-out $(if $(SAN),%/test_memory.c),$(sort \
	$(wildcard tests/kmip/test_*.c))))
# One conformance suite, a program for each row of a table.
KMIP_ROWS := $(patsubst %,$(O)/tests/kmip/test_%,named identifier export rotated)
PKCS11   := $(patsubst tests/%.c,$(O)/tests/%,$(filter-out $(if $(SAN),%/test_memory.c),$(sort \
	$(wildcard tests/pkcs11/test_*.c))))
PKCS11_ROWS := $(patsubst %,$(O)/tests/pkcs11/test_conformance_%,gcm pad kw rsa nss_gcm nss_kwp nss_kw nss_rsa)
HARNESS  := $(patsubst %.c,$(O)/obj/%.o,$(wildcard tests/harness/*.c))

# What a test links follows from where it lies: the cipher, the table, a tool, or the library.
$(O)/tests/unit/core/%: $(O)/obj/tests/unit/core/%.o $(HARNESS) $(CORE_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ -lcrypto -o $@
$(O)/tests/unit/kmod/%: $(O)/obj/tests/unit/kmod/%.o $(HARNESS) $(CORE_OBJ) $(TABLE_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ -o $@
$(O)/tests/unit/tools/%: $(O)/obj/tests/unit/tools/%.o $(HARNESS) $(BENCH_OBJ) $(CORE_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) \
		$(filter-out %/tools/bench/main.o,$^) $(BENCH_LIBS) -o $@
$(O)/tests/unit/cli/%: $(O)/obj/tests/unit/cli/%.o $(HARNESS) $(LIB_OBJ) $(filter-out %/main.o,$(CLI_OBJ))
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ $(LIB_LIBS) -o $@
$(O)/tests/unit/provider/%: $(O)/obj/tests/unit/provider/%.o $(HARNESS) $(LIB_OBJ) $(PROVIDER_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ $(LIB_LIBS) $(PROVIDER_LIBS) -o $@
$(O)/tests/unit/net/%: $(O)/obj/tests/unit/net/%.o $(HARNESS) $(LIB_OBJ) $(PROVIDER_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ $(LIB_LIBS) $(PROVIDER_LIBS) -o $@
# What an open and a mapping are, these are told.
$(O)/tests/unit/boot/test_open: WRAP := $(patsubst %,-Wl$(comma)--wrap=%,envol_volume_open envol_mapping_find)
$(O)/tests/unit/%: $(O)/obj/tests/unit/%.o $(HARNESS) $(LIB_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(WRAP) $^ $(LIB_LIBS) -o $@
$(O)/tests/volume/%: $(O)/obj/tests/volume/%.o $(HARNESS) $(LIB_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ $(LIB_LIBS) -o $@
$(O)/tests/fault/%: $(O)/obj/tests/fault/%.o $(TAPE) $(HARNESS) $(LIB_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ $(LIB_LIBS) -o $@
$(PROVIDER_TESTS): $(O)/tests/provider/%: $(O)/obj/tests/provider/%.o $(PROVIDER_TEST_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(WRAP) $^ $(LIB_LIBS) $(PROVIDER_LIBS) -o $@
$(O)/tests/provider/test_faults $(O)/tests/provider/test_seal_faults: $(O)/obj/tests/provider/nth.o
$(O)/tests/provider/test_faults $(O)/tests/provider/test_seal_faults: WRAP := $(patsubst %,-Wl$(comma)--wrap=%, \
	pwrite fsync fchmod mkdir renameat linkat unlinkat flock openat)
$(O)/tests/provider/test_service $(O)/tests/provider/test_service_tpm $(O)/tests/provider/test_template \
		$(O)/tests/provider/test_keyvault: $(O)/obj/tests/provider/conformance.o
$(O)/tests/provider/test_keyvault $(O)/tests/provider/test_keyvault_answers $(O)/tests/provider/test_keyvault_memory: \
		$(O)/obj/tests/provider/keyvault.o
$(PKCS11): $(O)/tests/pkcs11/%: $(O)/obj/tests/pkcs11/%.o $(O)/obj/tests/pkcs11/softhsm.o $(PROVIDER_TEST_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ $(LIB_LIBS) $(PROVIDER_LIBS) -o $@
$(O)/tests/pkcs11/test_conformance_tpm: $(O)/obj/tests/provider/conformance.o
$(PKCS11_ROWS): $(patsubst %,$(O)/obj/tests/%.o,pkcs11/conformances pkcs11/nss pkcs11/softhsm provider/conformance) \
		$(PROVIDER_TEST_OBJ) | $(O)/tests/pkcs11/nss_module.so
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ $(LIB_LIBS) $(PROVIDER_LIBS) -o $@
$(O)/tests/pkcs11/test_openssl: $(O)/obj/tests/pkcs11/nss.o | $(O)/tests/pkcs11/nss_module.so
$(O)/tests/pkcs11/test_hostile: | $(O)/tests/pkcs11/hostile.so
# Loaded by kek/pkcs11 as a vendor's module is, which has no sanitizer either.
$(O)/tests/pkcs11/hostile.so $(O)/tests/pkcs11/nss_module.so: $(O)/tests/pkcs11/%.so: tests/pkcs11/%.c
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) -std=gnu11 -O2 -Wall -Wextra -Wno-unused-parameter -fPIC -shared \
		$(shell pkg-config --cflags p11-kit-1) $< -o $@
# They do in themselves what a KEK program does, with its allocator; sanitizers have one of their own.
$(O)/tests/provider/test_memory $(O)/tests/provider/test_keyvault_memory $(O)/tests/pkcs11/test_memory \
		$(O)/tests/kmip/test_memory: $(filter-out %/main.o,$(KEK_OBJ)) $(O)/obj/tests/provider/memory.o
$(KMIP): $(O)/tests/kmip/%: $(O)/obj/tests/kmip/%.o $(O)/obj/tests/kmip/peer.o $(O)/obj/tests/provider/place.o \
		$(HARNESS) $(LIB_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ $(LIB_LIBS) $(PROVIDER_LIBS) -o $@
$(O)/tests/kmip/test_memory: $(PROVIDER_OBJ)
$(O)/tests/kmip/test_token: $(O)/obj/tests/pkcs11/softhsm.o
$(KMIP_ROWS): $(patsubst %,$(O)/obj/tests/%.o,kmip/conformances kmip/peer provider/place provider/conformance) \
		$(HARNESS) $(LIB_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ $(LIB_LIBS) $(PROVIDER_LIBS) -o $@
# What tests use KEKs with: the programs, and two for the providers that only tests have.
$(O)/tests/provider/kek/double: $(KEK_OBJ) $(O)/obj/tests/provider/double_scheme.o \
		$(O)/obj/tests/provider/double.o $(KEK_LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(link_kek)
$(O)/tests/provider/kek/template: $(KEK_OBJ) $(O)/obj/userspace/lib/provider/template/scheme.o \
		$(O)/obj/userspace/lib/provider/template/template.o $(KEK_LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(link_kek)
TEST_KEKS := $(O)/tests/provider/kek/double $(O)/tests/provider/kek/template \
	$(patsubst $(O)/kek/%,$(O)/tests/provider/kek/%,$(HELPERS))
$(O)/tests/provider/kek/%: $(O)/kek/%
	@mkdir -p $(@D)
	$(Q)ln -sf ../../../kek/$* $@
$(O)/tests/interop/%: $(O)/obj/tests/interop/%.o $(HARNESS) $(LIB_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ $(LIB_LIBS) -o $@
# It has nothing of ours but the plugin, which it loads.
TOKEN    := $(O)/tests/token/host
$(TOKEN): $(O)/obj/tests/token/host.o $(HARNESS) | $(TOKEN_PLUGIN)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ -lcryptsetup -lcrypto -o $@
# Fuzzers want clang and SAN=fuzz: `make check-fuzz` sees to it.
$(O)/tests/fuzz/%: $(O)/obj/tests/fuzz/%.o $(LIB_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fsanitize=fuzzer $^ $(LIB_LIBS) $(PROVIDER_LIBS) -o $@
$(O)/tests/fuzz/fuzz_backup: $(PROVIDER_OBJ)
$(O)/tests/fuzz/fuzz_keystore $(O)/tests/fuzz/fuzz_grant $(O)/tests/fuzz/fuzz_keyvault: $(PROVIDER_OBJ)
$(O)/tests/fuzz/fuzz_ttlv: $(PROVIDER_OBJ)
.SECONDARY:

tests: $(UNIT) $(INTEROP) $(PROVIDER_TESTS) $(KMIP) $(KMIP_ROWS) $(PKCS11) $(PKCS11_ROWS) $(VOLUME) $(FAULT) $(TOKEN) $(TEST_KEKS) $(HELPERS)
fuzzers: $(FUZZERS)

check-unit: $(UNIT) ## unit tests
	$(Q)tests/run $(O) unit
check-lint: programs ## layers, sizes, licences, shell, the manual page
	$(Q)tests/run $(O) lint
check-cli: programs ## what the CLI prints, against tests/cli/t_*.out
	$(Q)tests/run $(O) cli
update-golden: programs ## take what the CLI prints now for right
	$(Q)tests/cli/run --update $(O)
check-fast: programs $(UNIT) ## lint, unit tests and the CLI: no guest, no network
	$(Q)tests/run $(O) lint unit cli
check-provider: programs tests ## processes that use KEKs, and the conformance of every provider
	$(Q)tests/run $(O) provider
check-keyvault: programs ## the double of Key Vault against recordings of the service and its own SDKs
	$(Q)tests/run $(O) keyvault
check-kmip: programs $(TEST_KEKS) $(KMIP) $(KMIP_ROWS) ## keys in a KMIP server: PyKMIP, and doubles that misbehave
	$(Q)tests/run $(O) kmip
check-pkcs11: programs tests ## keys in tokens: SoftHSM, a TPM's, a module that misbehaves
	$(Q)tests/run $(O) pkcs11
check-san: ## unit tests under ASan and UBSan, with clang
	$(Q)$(SANITIZED) tests
	$(Q)tests/run $(O) san
check-volume: programs $(HELPERS) $(VOLUME) $(FAULT) ## volumes in files: every refusal, many writers, every cut
	$(Q)tests/run $(O) volume fault
check-interop: $(INTEROP) ## our cipher against OpenSSL's, our headers against cryptsetup and Python
	$(Q)tests/run $(O) interop
check-token: programs $(HELPERS) $(TOKEN) ## stock tools on volumes, with the plugin for their tokens
	$(Q)tests/run $(O) token
check-fuzz: ## every fuzzer for TIME=60 seconds, with clang
	$(Q)$(FUZZING) fuzzers
	$(Q)TIME=$(TIME) tests/run $(O) fuzz
check-boot: programs ## machines whose root is an envol volume boot in QEMU
	$(Q)tests/boot/run $(foreach t,$(TEST),--test '$t') $(O)
SUITES := lint unit cli provider kmip keyvault pkcs11 volume fault san interop token fuzz deb harness
check: setup everything ## every suite on every kernel: the README's test command
	$(Q)tests/run $(O) $(SUITES) vm boot
check-deep: setup everything ## the long runs: hours, fuzzing for TIME seconds a parser
	$(Q)ENVOL_DEEP=1 TIME=$(TIME) tests/run $(O) $(SUITES) vm-deep boot

TIME      ?= 60
# As many jobs as there are CPUs, unless the one who called make said how many.
JOBS_OPTION = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
SANITIZED  = $(MAKE) O=$(O)/san CC=clang SAN=1 WERROR=1
FUZZING    = $(MAKE) O=$(O)/fuzz CC=clang SAN=fuzz WERROR=1

# In this order also with -j: setup brings the compilers.
everything: setup
	$(Q)$(MAKE) $(JOBS_OPTION) WERROR=1 programs tests
	$(Q)$(SANITIZED) $(JOBS_OPTION) programs tests
	$(Q)$(FUZZING) $(JOBS_OPTION) fuzzers

.PHONY: tests fuzzers everything check-unit check-lint check-cli update-golden check-fast check-san check-interop \
	check-fuzz check-provider check-pkcs11 check-kmip check-keyvault check-volume check-token check-boot check check-deep
