"""What NileDB refuses although PostgreSQL takes it, as seen there; checked on every statement."""

from __future__ import annotations

import re

_REFUSED = re.compile(
    r"\b(set_config|savepoint|temp|temporary|copy|pg_(try_)?advisory\w*|listen|notify|explain|"
    r"generated|identity|(big)?serial|sequence|nextval|trigger|function|do\s+\$\w*\$|"
    r"row\s+level|policy|grant|comment\s+on|materialized|partition|merge|rename|cascade|"
    r"drop\s+default|extension|create\s+type|regnamespace|prepare|clock_timestamp)\b"
)
_TENANT = re.compile(r"set local nile\.tenant_id = '[0-9a-f-]{36}'")
_KEYS = re.compile(r"\b(?:primary key|unique)\b(?:\s*\(([^)]*)\))?")


class Dialect:
    """Follows the statements of one connection to NileDB. `wrong` says what would be refused."""

    def __init__(self, *, tenant: bool) -> None:
        self.wrong: list[str] = []
        self._needs_tenant = tenant
        self._begun = self._tenant = False

    def statements(self, text: str) -> list[str]:
        """Check each statement of a text whose values are still apart; return the statements."""
        found = [one.strip() for one in re.findall(r"(?:[^;']|'[^']*')+", text)]
        for one in found:
            self.wrong += [f"{problem}: {one}" for problem in self._problems(one)]
        return found

    def _problems(self, text: str) -> list[str]:
        plain = " ".join(re.sub(r"'[^']*'", "''", text).lower().split())
        found = [f"refused: {match[0]}" for match in _REFUSED.finditer(plain)]
        if plain == "begin":
            self._begun, self._tenant = True, False
        elif plain in ("commit", "rollback"):
            self._begun = self._tenant = False
        elif self._begun and not self._tenant:
            self._tenant = bool(_TENANT.fullmatch(text))
            if not self._tenant:
                found.append("the tenant, as literal text, must come first")
        elif plain.startswith(("create", "alter", "drop")):
            if self._tenant:
                found.append("a definition within a tenant")
            found += ["a key without tenant_id" for m in _KEYS.finditer(plain)
                      if "tenant_id" not in (m[1] or "")]  # fmt: skip
        elif plain.startswith("lock table "):
            pass  # names no row; all writers of the tenant
        else:
            if self._needs_tenant and not self._tenant:
                found.append("not in a tenant's transaction")
            if "(tenant_id, " not in plain and not re.search(r"tenant_id = (%s|\$\d)", plain):
                found.append("names no tenant")
        return found
