"""What all screens share: navigation, paging, filters, words, who may enter, what went wrong."""
