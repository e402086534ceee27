"""One file a kind of answer: from facts to a card. None knows a platform: text is plain and unescaped."""
