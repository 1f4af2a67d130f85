// A dynamic program linked to a fixed address executes itself.
// cc: -fno-pie -no-pie
#include "elf_kind.h"
