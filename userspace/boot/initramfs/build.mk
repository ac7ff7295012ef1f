# SPDX-License-Identifier: GPL-2.0-or-later
# Scripts for the initramfs, which know where programs lie: for initramfs-tools and dracut.

INITRAMFSTOOLSDIR ?= /usr/share/initramfs-tools
DRACUTDIR ?= /usr/lib/dracut

# As SOURCE:PLACE under userspace/boot.
BOOT_SCRIPTS := \
	$(foreach f,common unlock network finish,initramfs/$(f):$(LIBEXECDIR)/initramfs/$(f)) \
	initramfs-tools/hook:$(INITRAMFSTOOLSDIR)/hooks/envol \
	$(foreach f,local-top init-bottom panic,initramfs-tools/$(f):$(INITRAMFSTOOLSDIR)/scripts/$(f)/envol) \
	initramfs-tools/conf-hook:$(INITRAMFSTOOLSDIR)/conf-hooks.d/envol \
	$(foreach f,module-setup open is-open before-shell before-pivot,dracut/90envol/$(f).sh:$(DRACUTDIR)/modules.d/90envol/$(f).sh)

boot_source = $(firstword $(subst :, ,$(1)))
boot_place = $(lastword $(subst :, ,$(1)))
BOOT_BUILT := $(foreach s,$(BOOT_SCRIPTS),$(O)/boot-scripts/$(call boot_source,$(s)))
INSTALLED += $(foreach s,$(BOOT_SCRIPTS),$(O)/boot-scripts/$(call boot_source,$(s)):$(call boot_place,$(s)):$(if \
	$(filter %/common %/conf-hook,$(call boot_source,$(s))),0644,0755))

$(O)/boot-scripts/%: userspace/boot/% FORCE
	@mkdir -p $(@D)
	$(Q)sed 's|@SBINDIR@|$(SBINDIR)|g; s|@LIBEXECDIR@|$(LIBEXECDIR)|g' $< >$@

install-files: $(BOOT_BUILT)
