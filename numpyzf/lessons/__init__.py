"""Lessons: plain Python files that become executed notebooks, without any notebook package.

A lesson is a file tutorials/NN-name.py in the percent format, which VS Code, PyCharm and Spyder
open as cells, and which runs as a script. `numpyzf lesson build` makes NN-name.ipynb of it, with
what its code prints and draws, and tutorials/index.html, the page of all lessons.

    # %% [markdown]                 a text: comment lines, Markdown without formulas
    # # 4. The title
    #
    # - **Question:** What is asked?
    # - **In the paper:** section 2.1
    # - **Running time:** 5 seconds
    # - **Before it:** lesson 1
    #
    # First sentences.

    # %%                            code
    import numpy as np

    # %% [markdown]
    # ## A section
    #
    # A heading "## …" begins its cell. The map has 13 rows, in Table 1 .067.

    # %% tags=["numbers"]           not in the notebook: the numbers of the text above, in order
    [trace["conv3"].shape[2], 0.067]    # the paper's

    # %%
    print(trace["conv3"].shape)
    figure                          # the last expression is shown: a figure as a picture

    # %% tags=["check"]             folded in the notebook: what the text says one will see
    assert trace["conv3"].max() > trace["conv2"].max()

    # %% [markdown]
    # ## Exercises
    #
    # 1. **Predict**, then run: …
    #
    # Then write it yourself: `numpyzf lab start deconvnet`.

    # %% [markdown] tags=["answer"]     not in the notebook; `numpyzf lesson answers 4` shows it
    # **1.** …

    # %% tags=["answer"]
    assert …

What a lesson has to keep, and the build and the tests refuse otherwise (rules.py):

- **Numbers.** Each number that a text states in digits is computed: below a text, before the next
  one, stands a cell tagged "numbers", one list of what the text says, in order, from the lesson's
  own arrays and nets. It may stand behind the code that it needs; two such cells of one text are
  put together. It runs with the lesson, but isn't in the notebook. A number of the paper, or one
  that the reader is to choose, stands in it as it is. The text may round to fewer decimals; a whole
  number must be met exactly, so write round(100 * accuracy) for "81 %". What follows "Figure",
  "Table", "section", "lesson", "exercise" or "lab", the 1 of conv1, and the facts of the first
  cell are no such numbers.
- **Claims.** Each section with code asserts something: what its text says that one will see.
- **Pictures.** One at least; the first one, or that of the cell tagged "cover", stands in the
  index. A notebook has less than 400 kB.
- **Exercises.** Each says what to predict, and the section names a lab. There are as many answers,
  behind them.

numpy is imported first, as everyone does in a notebook. A lesson reads and writes no file of its
folder, prints to stdout only, draws with `plots.figure` (or what a gallery draws), and takes its
random numbers from a Generator. What it prints is compared on other machines: words and whole
numbers exactly, others within 2 % or 2 in the last digit. So print few digits, and no choice
between two nearly equal things.
"""
