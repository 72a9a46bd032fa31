"""Shared by all screens: navigation, paging, filters, words, access and error pages."""
