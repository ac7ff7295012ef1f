#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What the TPM sealed for the boot is no longer to be had.
@LIBEXECDIR@/initramfs/finish shell
