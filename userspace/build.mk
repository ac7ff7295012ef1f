# SPDX-License-Identifier: GPL-2.0-or-later
# libenvol, linked as objects, and the programs on top of it.

# What reaches a KEK is linked into envol-kek alone, and so is the network; of a provider the
# library has its scheme.
# The template is for people who write providers, and for tests.
LIB_SRC := $(filter-out %/template/scheme.c userspace/lib/net/%,$(sort $(wildcard userspace/lib/*.c \
	userspace/lib/*/*.c userspace/lib/provider/*/scheme.c)))
LIB_OBJ := $(patsubst %.c,$(O)/obj/%.o,$(LIB_SRC)) $(CORE_OBJ) $(TABLE_OBJ)

PROVIDER_SRC := $(sort $(filter-out %/scheme.c %/template/template.c,$(wildcard \
	userspace/lib/net/*.c userspace/lib/provider/*/*.c)))
PROVIDER_OBJ := $(patsubst %.c,$(O)/obj/%.o,$(PROVIDER_SRC))
# What a provider needs it says in a comment of its own: pkg-config: PACKAGE…
PROVIDER_PKGS := $(shell sed -n 's,^/\* pkg-config: \(.*\) \*/$$,\1,p' /dev/null $(PROVIDER_SRC))
PROVIDER_LIBS  = $(shell pkg-config --libs $(PROVIDER_PKGS))

# Sanitizers have an allocator of their own.
KEK_SRC := $(filter-out $(if $(SAN),%/memory.c),$(sort $(wildcard userspace/kek/*.c)))
KEK_OBJ := $(patsubst %.c,$(O)/obj/%.o,$(KEK_SRC))
# It is locked in memory, so what it never calls is left out.
KEK_LIB_OBJ := $(filter-out $(O)/obj/userspace/lib/kernel/% $(O)/obj/userspace/lib/metadata/% \
	$(O)/obj/userspace/lib/volume/%,$(LIB_OBJ))
KEK_LIBS = $(shell pkg-config --libs libcrypto json-c $(PROVIDER_PKGS))

LIB_PKGS   := libcrypto json-c devmapper blkid libcryptsetup
PKG_CFLAGS := $(shell pkg-config --cflags $(LIB_PKGS) $(PROVIDER_PKGS) 2>/dev/null)
LIB_LIBS    = $(shell pkg-config --libs $(LIB_PKGS))

CLI_SRC := $(sort $(wildcard userspace/cli/*.c))
CLI_OBJ := $(patsubst %.c,$(O)/obj/%.o,$(CLI_SRC))

PROGRAMS := $(O)/envol
$(O)/envol: $(CLI_OBJ) $(LIB_OBJ)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ $(LIB_LIBS) -o $@

# Programs that others run: into LIBEXECDIR.
HELPERS := $(O)/envol-kek
$(O)/envol-kek: $(KEK_OBJ) $(PROVIDER_OBJ) $(KEK_LIB_OBJ)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ $(KEK_LIBS) -o $@

programs: $(PROGRAMS) $(HELPERS) $(LIB_OBJ)
