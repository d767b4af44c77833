def real(study):
    raise NotImplementedError
