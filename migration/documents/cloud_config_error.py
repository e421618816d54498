"""What both syntaxes of the cloud config raise."""


class CloudConfigError(Exception):
    """The cloud-provider-config cannot be read or changed as asked.

    The message never quotes the text: old configurations hold passwords.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(f"cloud-provider-config: {problem}")
