int needle = 42;
