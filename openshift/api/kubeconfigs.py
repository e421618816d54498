"""Which kubeconfig leads to a cluster: by name in a directory, or the one that a small install has."""

from pathlib import Path

from config.settings import Settings
from openshift.errors import Misconfigured


def kubeconfig_of(name: str, *, settings: Settings) -> Path | None:
    """The kubeconfig of the cluster of that name; without a name, of the only one. None: wherever this process runs.

    In the directory a file's stem is a name; hidden files are not, since a mounted Secret keeps its versions in them.

    Raises:
        Misconfigured: no cluster, or none of several, is meant; names the ones there are.
    """
    directory = settings.kubeconfig_directory
    if not name and (settings.kubeconfig or directory is None):
        return settings.kubeconfig
    found = {each.stem: each for each in _files(directory)}
    if not name and len(found) == 1:
        return next(iter(found.values()))
    if name not in found:
        raise Misconfigured(
            f"{f'no cluster {name!r} is configured' if name else 'no cluster is named'} "
            f"(there are: {', '.join(found) or 'none by name'})",
            remedy="Name one of them, or put its kubeconfig into VCFM_KUBECONFIG_DIRECTORY as <name>.yaml",
        )
    return found[name]


def clusters(settings: Settings) -> list[str]:
    """The name of every cluster that is configured; empty for the one of a small install.

    Raises:
        Misconfigured: the directory of kubeconfigs cannot be read.
    """
    directory = settings.kubeconfig_directory
    one = [""] if settings.kubeconfig or directory is None else []
    return [*one, *(each.stem for each in _files(directory))]


def _files(directory: Path | None) -> list[Path]:
    try:
        return (
            sorted(each for each in directory.iterdir() if each.is_file() and each.name[0] != ".") if directory else []
        )
    except OSError as error:
        raise Misconfigured(
            f"the directory of kubeconfigs cannot be read: {error}",
            remedy="Point VCFM_KUBECONFIG_DIRECTORY to a directory that this process may read",
        ) from error
