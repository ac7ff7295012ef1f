# SPDX-License-Identifier: GPL-2.0-or-later
# The tools beside the CLI: each directory of tools/ is one program.

BENCH_SRC := $(sort $(wildcard tools/bench/*.c tools/bench/*.S))
BENCH_OBJ := $(patsubst %,$(O)/obj/%.o,$(basename $(BENCH_SRC)))
BENCH_LIBS := -lcrypto -ljson-c -lm

$(O)/envol-bench: $(BENCH_OBJ) $(CORE_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ $(BENCH_LIBS) -o $@

BIN_PROGRAMS += $(O)/envol-bench
programs: $(O)/envol-bench

# The kernel's cipher is left out where there is no source of a kernel: exit code 3.
bench: $(O)/envol-bench ## envol beside dm-crypt and OpenSSL: tables and JSON, also in O/bench
	$(Q)mkdir -p $(O)/bench
	$(Q)tools/bench/lab/build $(O) >/dev/null
	$(Q)tools/bench/kernel-cipher $(O)/bench/kernel-cipher.so || [ $$? = 3 ]
	$(Q)$(O)/envol-bench cipher --json=$(O)/bench/cipher.json \
		$$(find $(O)/bench/kernel-cipher.so -printf '--kernel-cipher=%p' 2>/dev/null)
	$(Q)tools/bench/lab/run $(O) --json $(O)/bench/mappings.json
	$(Q)tools/bench/join $(O)/bench/bench.json $(O)/bench/cipher.json $(O)/bench/mappings.json

bench-opens: $(O)/envol $(HELPERS) ## how long an open takes by a service key, SoftHSM and PyKMIP
	$(Q)tools/bench/opens $(O)

deb: ## Debian packages of this tree, into O/deb
	$(Q)tools/debian/build $(O) $(VERSION)

check-deb: ## Debian packages: built, installed, upgraded and purged in roots of Debian 12 and 13
	$(Q)tests/run $(O) deb

.PHONY: bench bench-opens deb check-deb
