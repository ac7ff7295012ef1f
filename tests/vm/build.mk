# SPDX-License-Identifier: GPL-2.0-or-later
# Guests: kernels fetched once, images built when something changed, scripts run in them.

check-vm: programs ## module and tools on Debian's kernels in QEMU [KERNEL=6.12] [TEST='2*']
	$(Q)tests/vm/run $(addprefix --kernel ,$(VM_KERNELS)) $(addprefix --test ,$(TEST)) $(O)

# KERNEL is also the running kernel's release, unless it was asked for.
VM_KERNELS = $(if $(filter file,$(origin KERNEL)),,$(KERNEL))

check-vm-deep: programs ## the same with every script on the debug kernel, and long
	$(Q)tests/vm/run --deep $(O)

vm-fetch: ## fetch the kernels, build the debug kernel
	$(Q)tests/vm/fetch
	$(Q)tests/vm/debug-kernel

.PHONY: check-vm check-vm-deep vm-fetch
