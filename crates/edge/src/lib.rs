//! Static delivery of the widget: sees no store, no key, no bus.
