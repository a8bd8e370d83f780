"""The report: what a project's repositories hold, in one page.

`facts` is what was asked; `deletions`, `history` and `scanned` draw conclusions; `board`, `views` and `document` put
them into words for the page and into JSON; `page` fills the template, `output` writes the file. All but the last two
are pure.
"""
