'''Lessons: plain Python files that become executed notebooks, without any notebook package.

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
    # A heading "## …" begins its cell. The map has 13 rows.

    # %%
    print(trace["conv3"].shape)
    figure                          # the last expression is shown: a figure as a picture

    # %% tags=["check"]             folded in the notebook: what the text claims, asserted
    assert trace["conv3"].shape[2] == 13

    # %% [markdown]
    # ## Exercises
    #
    # 1. **Predict**, then run: …

    # %% [markdown] tags=["answer"]     not in the notebook; `numpyzf lesson answers 4` shows it
    # **1.** …

    # %% tags=["answer"]
    assert …

What a lesson has to keep, and `rules` refuses otherwise:

- Each number of a text, in digits, stands in the code or in an output *of its section*, with as
  many decimals as the text gives; of an answer, in the code. A number of another source is named in
  its cell's head: `# %% [markdown] cited=[1974, 0.067]`. What follows "Figure", "Table", "section",
  "lesson", "exercise" or "lab" is no such number. Percent may stand in the code as a part of 1.
- Each section with code asserts something: what its text says that one will see.
- One picture at least; the first one, or that of the cell tagged "cover", stands in the index.
- Each exercise says what to **predict**, and the section names a lab (`numpyzf lab start …`). There
  are as many answers as exercises, behind them.

numpy is imported first, as everyone does in a notebook. A lesson reads and writes no file of its
folder, prints to stdout only, draws with `plots.figure` (or what a gallery draws), and takes its
random numbers from a Generator.
'''
