# SPDX-License-Identifier: GPL-2.0-or-later
# The tools beside the CLI: each directory of tools/ is one program.
