// A dynamic position-independent program executes itself; see elf_kind.h for what it checks.
// cc: -fPIE -pie
#include "elf_kind.h"
