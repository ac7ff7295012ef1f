# SPDX-License-Identifier: GPL-2.0-or-later
# Unit tests, lint and the sets of checks. Every tests/unit/*/test_*.c is found by itself
# and becomes one program.

UNIT_SRC := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT     := $(patsubst tests/%.c,$(O)/tests/%,$(UNIT_SRC))
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
		$(filter-out %/tools/bench/main.o,$^) $(BENCH_LIBS) -ljson-c -o $@
$(O)/tests/unit/%: $(O)/obj/tests/unit/%.o $(HARNESS) $(LIB_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ $(LIB_LIBS) -o $@
.SECONDARY:

tests: $(UNIT)

check-unit: $(UNIT) ## unit tests
	$(Q)tests/run $(O) unit
check-lint: ## layers, sizes, licences, shell
	$(Q)tests/run $(O) lint
check-fast: programs $(UNIT) ## lint and unit tests: no guest, no network
	$(Q)tests/run $(O) lint unit
check-san: ## unit tests under ASan and UBSan, with clang
	$(Q)$(MAKE) O=$(O)/san CC=clang SAN=1 WERROR=1 tests
	$(Q)tests/run $(O) san
check: setup ## every suite on every kernel: the README's test command
	$(Q)$(MAKE) WERROR=1 programs tests
	$(Q)$(MAKE) O=$(O)/san CC=clang SAN=1 WERROR=1 programs tests
	$(Q)tests/run $(O) lint unit san guests

.PHONY: check-unit check-lint check-fast check-san check
