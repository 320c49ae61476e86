"""The types of campaign events that a fresh Mautic 5.1.1 knows, by kind of event."""

from __future__ import annotations

_LISTED = {
    "decision": "asset.download dwc.decision email.click email.open email.reply form.submit "
    "page.devicehit page.pagehit",
    "condition": "email.validate.address form.field_value lead.campaigns lead.device lead.dnc "
    "lead.field_value lead.owner lead.pageHit lead.points lead.segments lead.stages lead.tags "
    "notification.has.active",
    "action": "campaign.addremovelead campaign.jump_to_event campaign.sendwebhook dwc.push_content "
    "email.send email.send.to.user focus.show lead.adddnc lead.addtocompany lead.changelist "
    "lead.changeowner lead.changepoints lead.changetags lead.deletecontact lead.removednc "
    "lead.scorecontactscompanies lead.updatecompany lead.updatelead message.send plugin.leadpush "
    "stage.change",
}
TYPES = {kind: frozenset(names.split()) for kind, names in _LISTED.items()}

# type of event -> (its channel, the property that holds the channel's id)
CHANNELS = {
    "email.send": ("email", "email"),
    "email.send.to.user": ("email", "email"),  # its email lies deeper, so the id stays empty
    "page.pagehit": ("page", "pages"),
    "page.devicehit": ("page", "pages"),
    "asset.download": ("asset", "assets"),
    "dwc.decision": ("dynamicContent", "dynamicContent"),
    "dwc.push_content": ("dynamicContent", "dwc_slot_name"),
}
