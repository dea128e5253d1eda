"""Why a server cannot be reached, in words that hold no address and no token."""


def why(error: BaseException) -> str:
    """The operating system's word for it; where it gave none, the error's name."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror[:1].lower() + cause.strerror[1:]
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
