"""Style transfer: the content of one picture, painted as another one."""
