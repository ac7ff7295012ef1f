#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The root file system is mounted: nothing of ours is needed any more.
@LIBEXECDIR@/initramfs/finish
