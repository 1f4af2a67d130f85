// A static position-independent program executes itself.
// cc: -static-pie -fPIE
#include "elf_kind.h"
