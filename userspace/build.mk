# SPDX-License-Identifier: GPL-2.0-or-later
# libenvol, linked as objects.

LIB_SRC := $(sort $(wildcard userspace/lib/*.c userspace/lib/*/*.c userspace/lib/provider/*/*.c))
LIB_OBJ := $(patsubst %.c,$(O)/obj/%.o,$(LIB_SRC)) $(CORE_OBJ) $(TABLE_OBJ)

LIB_PKGS   := libcrypto json-c devmapper
PKG_CFLAGS := $(shell pkg-config --cflags $(LIB_PKGS) 2>/dev/null)
LIB_LIBS    = $(shell pkg-config --libs $(LIB_PKGS))

PROGRAMS :=
programs: $(PROGRAMS) $(LIB_OBJ)
