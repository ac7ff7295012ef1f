# SPDX-License-Identifier: GPL-2.0-or-later
# envol: everything a person types. `make help` lists it.
#
# The rules of a part lie in its own build.mk; all output goes to $(O).

O        ?= build
V        ?= 0
KERNEL   ?= $(shell uname -r)
KDIR     ?= /lib/modules/$(KERNEL)/build

comma := ,

PREFIX   ?= /usr/local
BINDIR   ?= $(PREFIX)/bin
SBINDIR  ?= $(PREFIX)/sbin
LIBEXECDIR ?= $(PREFIX)/libexec/envol
MANDIR   ?= $(PREFIX)/share/man
BASHDIR  ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR   ?= $(PREFIX)/share/zsh/site-functions
FISHDIR  ?= $(PREFIX)/share/fish/vendor_completions.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
UDEVDIR  ?= $(PREFIX)/lib/udev/rules.d
DKMSDIR  ?= /usr/src
SYSCONFDIR ?= /etc
TOKENDIR ?= /lib/x86_64-linux-gnu/cryptsetup
DESTDIR  ?=

VERSION  := 0.1.0

CC       ?= cc
ifeq ($(origin CC),default)
CC       := gcc
endif
CFLAGS   ?= -O2 -g
WARNINGS := -Wall -Wextra -Wvla -Wmissing-prototypes -Wstrict-prototypes \
            -Wimplicit-fallthrough -Wno-unused-parameter
ifeq ($(WERROR),1)
WARNINGS += -Werror
endif
# SAN=1: AddressSanitizer and UndefinedBehaviorSanitizer, a finding ends the program.
# SAN=fuzz: the same with libFuzzer's coverage.
ifeq ($(SAN),1)
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else ifeq ($(SAN),fuzz)
SANFLAGS := -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIC \
            $(if $(SAN),,-D_FORTIFY_SOURCE=2)
ALL_CFLAGS  = -std=gnu11 -D_GNU_SOURCE -DENVOL_VERSION='"$(VERSION)"' \
              -DENVOL_KEK_DIRECTORY='"$(LIBEXECDIR)/kek"' -I. \
              $(WARNINGS) $(HARDEN) $(SANFLAGS) -fvisibility=hidden $(CFLAGS)
ALL_LDFLAGS = -Wl,-z,relro,-z,now,-z,noexecstack $(SANFLAGS) $(LDFLAGS)

ifeq ($(V),1)
Q :=
say :=
else
Q := @
say = @printf '  %-6s %s\n' $(1) '$(2)';
MAKEFLAGS += --no-print-directory
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: FORCE

all: programs tests module-if-possible ## programs, tests, and the module where headers allow it

# ---- how one file is built -------------------------------------------------

# Objects depend on this file, which changes when the compiler or a flag does.
$(O)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(subst ','\'',$(ALL_CFLAGS) $(ALL_LDFLAGS) $(PKG_CFLAGS))' | cmp -s - $@ || \
		echo '$(CC) $(subst ','\'',$(ALL_CFLAGS) $(ALL_LDFLAGS) $(PKG_CFLAGS))' >$@

$(O)/obj/%.o: %.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) $(PKG_CFLAGS) -MMD -MP -c $< -o $@

$(O)/obj/%.o: %.S $(O)/flags
	@mkdir -p $(@D)
	$(call say,AS,$<)$(CC) -I. $(CFLAGS) -MMD -MP -c $< -o $@

CORE_SRC := $(wildcard kmod/core/*.c kmod/core/*.S)
CORE_OBJ := $(patsubst %,$(O)/obj/%.o,$(basename $(CORE_SRC)))
TABLE_OBJ := $(O)/obj/kmod/table.o

include userspace/build.mk
include tools/build.mk
include userspace/share/build.mk
include userspace/boot/systemd/build.mk
include userspace/boot/initramfs/build.mk
include tests/build.mk
include tests/vm/build.mk

-include $(shell find $(O)/obj -name '*.d' 2>/dev/null)

# ---- the kernel module -----------------------------------------------------

KMOD_FARM = $(O)/kmod-$(KERNEL)

# A farm of links keeps kbuild's output out of the sources, and lets several
# kernels be built side by side. Our O is not kbuild's. No BTF: newer headers carry what
# it is made from, and would then want pahole.
module: ## dm-envol.ko for KERNEL=… (default: the running one) or KDIR=…
	@test -e $(KDIR)/Makefile || { \
		echo "make: no headers of kernel $(KERNEL) in $(KDIR)" >&2; \
		echo "make: install them (on Debian: linux-headers-$(KERNEL)), or name another kernel with KERNEL= or KDIR=" >&2; \
		exit 1; }
	$(call say,KMOD,$(KERNEL))rm -rf $(KMOD_FARM)/kmod && mkdir -p $(KMOD_FARM) && \
	cp -rs $(CURDIR)/kmod $(KMOD_FARM)/kmod && \
	ln -sf $(CURDIR)/Kbuild $(KMOD_FARM)/Kbuild && \
	$(MAKE) -C $(KDIR) O= M=$(abspath $(KMOD_FARM)) CONFIG_DEBUG_INFO_BTF_MODULES= modules

module-if-possible:
	@if [ -e $(KDIR)/Makefile ]; then $(MAKE) module; else \
		echo "make: module left out: no headers of the running kernel $(KERNEL) in $(KDIR); name another with KERNEL= or KDIR="; fi

# ---- for people ------------------------------------------------------------

demo: setup ## the main job, from a new key to dm-crypt reading the same bytes
	$(Q)$(MAKE) programs
	$(Q)tests/demo $(O)

setup: ## install what building, demo and check need (Debian 12, root)
	$(Q)tests/setup

module-install: module ## install the module for KERNEL and run depmod
	install -D -m 0644 $(KMOD_FARM)/dm-envol.ko $(DESTDIR)/lib/modules/$(KERNEL)/updates/dm-envol.ko
	$(if $(DESTDIR),,depmod $(KERNEL))

# Its sources alone, in a directory that DKMS takes: `dkms install envol/VERSION` there.
DKMS_VERSION ?= $(VERSION)
dkms-install: ## the module's sources for DKMS, into DESTDIR and DKMSDIR (/usr/src)
	$(Q)set -e; to=$(DESTDIR)$(DKMSDIR)/envol-$(DKMS_VERSION); \
		install -D -m 0644 -t $$to Kbuild; \
		for part in kmod kmod/core; do install -D -m 0644 -t $$to/$$part $$part/*.[chS]; done; \
		sed 's/@VERSION@/$(DKMS_VERSION)/' kmod/dkms.conf >$$to/dkms.conf

clean: ## remove $(O)
	rm -rf $(O)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile userspace/build.mk tools/build.mk \
		userspace/share/build.mk tests/build.mk tests/vm/build.mk | awk -F '\t' '{ printf "  %-18s %s\n", $$1, $$2 }'
	@echo "Variables: O=$(O) V=1 CC= CFLAGS= KERNEL= KDIR= WERROR=1 SAN=1 PREFIX= DESTDIR= WITH_KEYVAULT=no (or another provider)"

.PHONY: all programs tests module module-if-possible demo setup \
	module-install dkms-install clean help
