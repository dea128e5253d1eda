from apps.platforms.spec import PlatformSpec

SPEC = PlatformSpec(adapter="apps.platforms.web.adapter.WebAdapter", docs="web.md")
