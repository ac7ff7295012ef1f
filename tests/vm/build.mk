# SPDX-License-Identifier: GPL-2.0-or-later
# Guests: kernels fetched once, images built when something changed, scripts run in them.

# What guests run of ours, besides the programs.
VM_TOOLS := $(O)/tests/vm/revoke
$(O)/tests/vm/%: $(O)/obj/tests/vm/%.o
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ $(shell pkg-config --libs devmapper) -o $@
tests: $(VM_TOOLS)

check-vm: programs $(VM_TOOLS) ## guests on every kernel, or [KERNEL=6.12] [TEST=key] [JOBS=2]
	$(Q)tests/vm/run $(foreach k,$(VM_KERNELS),--kernel '$k') $(foreach t,$(TEST),--test '$t') \
		$(if $(JOBS),--jobs $(JOBS)) $(O)

# KERNEL is also the running kernel's release, unless it was asked for.
VM_KERNELS = $(if $(filter file,$(origin KERNEL)),,$(KERNEL))

vm-fetch: ## fetch the kernels, build the debug kernel
	$(Q)tests/vm/fetch
	$(Q)tests/vm/debug-kernel

.PHONY: check-vm vm-fetch
