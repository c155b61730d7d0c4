"""One file a promise of ``engines.base``; ``testing.engines`` puts them together."""
