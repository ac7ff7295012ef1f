# SPDX-License-Identifier: GPL-2.0-or-later
# libenvol, linked as objects, and the programs on top of it.

# Of a provider the library has its scheme; what reaches a KEK is in a program for each, and
# so is the network.
# The template is for people who write providers, and for tests.
LIB_SRC := $(filter-out %/template/scheme.c userspace/lib/net/%,$(sort $(wildcard userspace/lib/*.c \
	userspace/lib/*/*.c userspace/lib/provider/*/scheme.c)))
LIB_OBJ := $(patsubst %.c,$(O)/obj/%.o,$(LIB_SRC)) $(CORE_OBJ) $(TABLE_OBJ)

# WITH_KMIP=no leaves that provider's program out, and with it the libraries that it needs.
PROVIDERS := $(filter-out template,$(patsubst userspace/lib/provider/%/scheme.c,%,$(sort \
	$(wildcard userspace/lib/provider/*/scheme.c))))
upper = $(shell echo $(1) | tr a-z A-Z)
PROVIDERS := $(foreach p,$(PROVIDERS),$(if $(filter no,$(WITH_$(call upper,$(p)))),,$(p)))

# What a provider needs it says in a comment of its own: pkg-config: PACKAGE… It has what it
# includes of lib/net, and what that includes.
packages_of = $(sort $(shell sed -n 's,^/\* pkg-config: \(.*\) \*/$$,\1,p' /dev/null $(1)))
net_of = $(wildcard $(patsubst %.h,%.c,$(sort $(shell sed -n \
	's,^#include "\(userspace/lib/net/.*\)"$$,\1,p' /dev/null $(1)))))
scheme_of = $(shell sed -n 's,^.*SCHEME[[:blank:]]*"\(.*\)"$$,\1,p; s,^\t\.scheme = "\(.*\)"\,$$,\1,p' \
	userspace/lib/provider/$(1)/scheme.[ch])
own_of = $(filter-out %/scheme.c %/template.c,$(wildcard userspace/lib/provider/$(1)/*.c))

PROVIDER_SRC := $(sort $(wildcard userspace/lib/net/*.c) $(foreach p,$(PROVIDERS),$(call own_of,$(p))))
PROVIDER_OBJ := $(patsubst %.c,$(O)/obj/%.o,$(PROVIDER_SRC))
PROVIDER_PKGS := $(call packages_of,$(PROVIDER_SRC))
PROVIDER_LIBS  = $(shell pkg-config --libs $(PROVIDER_PKGS))

# Sanitizers have an allocator of their own.
KEK_SRC := $(filter-out $(if $(SAN),%/memory.c),$(sort $(wildcard userspace/kek/*.c)))
KEK_OBJ := $(patsubst %.c,$(O)/obj/%.o,$(KEK_SRC))
# All of such a program is locked in memory: of the library it has what it calls, hence an archive.
KEK_LIB := $(O)/kek.a
KEK_LIB_OBJ := $(filter-out %/scheme.o $(O)/obj/userspace/lib/kernel/% $(O)/obj/userspace/lib/metadata/% \
	$(O)/obj/userspace/lib/volume/% $(O)/obj/userspace/lib/boot/%,$(LIB_OBJ))
$(KEK_LIB): $(KEK_LIB_OBJ)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^
link_kek = $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -Wl,--as-needed $(filter %.o,$^) $(KEK_LIB) \
	$(shell pkg-config --libs libcrypto json-c $(PACKAGES)) -o $@

LIB_PKGS   := libcrypto json-c devmapper blkid libcryptsetup
PKG_CFLAGS := $(shell pkg-config --cflags $(LIB_PKGS) $(PROVIDER_PKGS) 2>/dev/null)
LIB_LIBS    = $(shell pkg-config --libs $(LIB_PKGS))

CLI_SRC := $(sort $(wildcard userspace/cli/*.c))
CLI_OBJ := $(patsubst %.c,$(O)/obj/%.o,$(CLI_SRC))

PROGRAMS := $(O)/envol
$(O)/envol: $(CLI_OBJ) $(LIB_OBJ)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ $(LIB_LIBS) -o $@

# Programs that others run: into LIBEXECDIR. One for each provider, by the scheme of its URIs.
HELPERS :=
define kek_program
$(1)_NET := $$(call net_of,$$(wildcard userspace/lib/provider/$(1)/*.[ch]))
$(1)_SRC := $$(call own_of,$(1)) $$(sort $$($(1)_NET) $$(call net_of,$$($(1)_NET)))
HELPERS += $(O)/kek/$(2)
$(O)/kek/$(2): PACKAGES := $$(call packages_of,$$($(1)_SRC))
$(O)/kek/$(2): $(KEK_OBJ) $(O)/obj/userspace/lib/provider/$(1)/scheme.o \
		$$(patsubst %.c,$(O)/obj/%.o,$$($(1)_SRC)) $(KEK_LIB)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)$$(link_kek)
endef
$(foreach p,$(PROVIDERS),$(eval $(call kek_program,$(p),$(call scheme_of,$(p)))))

# What libcryptsetup loads for a token of ours. It is linked of what it needs: the schemes,
# which nothing names, and an archive of the rest; nothing of it can be seen from outside.
TOKEN_PLUGIN := $(O)/libcryptsetup-token-envol.so
TOKEN_OBJ := $(patsubst %.c,$(O)/obj/%.o,$(sort $(wildcard userspace/token/*.c)))
SCHEME_OBJ := $(filter %/scheme.o,$(LIB_OBJ))
$(O)/libenvol.a: $(filter-out $(SCHEME_OBJ),$(LIB_OBJ))
	$(call say,AR,$@)rm -f $@ && ar rcs $@ $^
$(TOKEN_PLUGIN): $(TOKEN_OBJ) $(SCHEME_OBJ) $(O)/libenvol.a userspace/token/exports.map
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -shared $(if $(SAN),,-Wl$(comma)-z$(comma)defs) \
		-Wl,--version-script=userspace/token/exports.map -Wl,--as-needed \
		$(TOKEN_OBJ) $(SCHEME_OBJ) $(O)/libenvol.a $(LIB_LIBS) -o $@

programs: $(PROGRAMS) $(HELPERS) $(TOKEN_PLUGIN) $(LIB_OBJ)
