/* floating.c: the compiler refers to this name in code that uses floating-point numbers. */
int _fltused = 1;
