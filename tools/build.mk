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
