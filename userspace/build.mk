# SPDX-License-Identifier: GPL-2.0-or-later
# libenvol, linked as objects, and the programs on top of it.

# What reaches a KEK is linked into envol-kek alone; of a provider the library has its scheme.
LIB_SRC := $(sort $(wildcard userspace/lib/*.c userspace/lib/*/*.c userspace/lib/provider/*/scheme.c))
LIB_OBJ := $(patsubst %.c,$(O)/obj/%.o,$(LIB_SRC)) $(CORE_OBJ) $(TABLE_OBJ)

PROVIDER_SRC := $(sort $(filter-out %/scheme.c,$(wildcard userspace/lib/provider/*/*.c)))
PROVIDER_OBJ := $(patsubst %.c,$(O)/obj/%.o,$(PROVIDER_SRC))

LIB_PKGS   := libcrypto json-c devmapper
PKG_CFLAGS := $(shell pkg-config --cflags $(LIB_PKGS) 2>/dev/null)
LIB_LIBS    = $(shell pkg-config --libs $(LIB_PKGS))

CLI_SRC := $(sort $(wildcard userspace/cli/*.c))
CLI_OBJ := $(patsubst %.c,$(O)/obj/%.o,$(CLI_SRC))

PROGRAMS := $(O)/envol
$(O)/envol: $(CLI_OBJ) $(LIB_OBJ)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ $(LIB_LIBS) -o $@

programs: $(PROGRAMS) $(LIB_OBJ)
