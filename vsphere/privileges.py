"""Which privileges the account lacks, per object and before anything is changed."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from vsphere.api.moref import Moref, moref
from vsphere.api.session import VCenter


def missing(vcenter: VCenter, wanted: Mapping[Moref, Collection[str]]) -> dict[Moref, list[str]]:
    """The privileges that the logged-in account lacks, by object and sorted; objects that lack none are left out.

    One call for all of them (`AuthorizationManager.HasPrivilegeOnEntities`). Raises VSphereError: NotFound when an
    object is gone, NotPermitted when the account may not even look (it needs System.View).
    """
    asked = sorted({privilege for privileges in wanted.values() for privilege in privileges})
    if not asked:
        return {}
    vcenter.soap.login()
    entities = [vcenter.managed(each) for each in wanted]
    answers = vcenter.content.authorizationManager.HasPrivilegeOnEntities(entities, vcenter.soap.session_key, asked)
    return lacking(wanted, answers or ())


def lacking(wanted: Mapping[Moref, Collection[str]], answers: Iterable[Any]) -> dict[Moref, list[str]]:
    """What the answers do not grant: a privilege that is denied, and one that vCenter says nothing about."""
    granted = {
        moref(answer.entity): {each.privId for each in answer.privAvailability if each.isGranted} for answer in answers
    }
    lacks = {each: sorted(set(privileges) - granted.get(each, set())) for each, privileges in wanted.items()}
    return {each: privileges for each, privileges in lacks.items() if privileges}
