"""A01: every route says who may enter, and says it in the agreed list: a new route is a decision, not an accident."""

from marketplace.web.access import rule_of
from tests.house.agreed_access import AGREED


def test_every_route_has_its_agreed_rule(migrated_app):
    found = {
        f"{'|'.join(sorted(rule.methods - {'HEAD', 'OPTIONS'}))} {rule.rule}": rule_of(migrated_app, rule.endpoint)
        for rule in migrated_app.url_map.iter_rules()
    }

    assert found == AGREED
