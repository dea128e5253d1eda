from apps.platforms.spec import PlatformSpec

SPEC = PlatformSpec(adapter="apps.platforms.adapters.web.adapter.WebAdapter", docs="web.md")
