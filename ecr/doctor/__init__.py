"""Why a pull does not work from here: each step of one, looked at by itself.

`checks` are what is found and what to do about it, without asking anybody; `network` and `trail` look at names,
connections and redirects; `examination` takes the steps in their order.
"""
