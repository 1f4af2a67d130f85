// A static program linked to a fixed address executes itself.
// cc: -static -fno-pie -no-pie
#include "elf_kind.h"
