"""The report: what a project's repositories hold, in one page.

`facts` is what was asked, `deletions`, `history` and `scanned` draw conclusions, `views` and `document` put them into
words for the page and into JSON; `page` fills the template. All but `page` are pure.
"""
