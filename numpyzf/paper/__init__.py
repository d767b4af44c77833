"""The first paper (Zeiler & Fergus 2013): every figure and table, computed on a laptop.

Each figure or table is an item, a folder. All items are built by one rule:

    ITEM/__init__.py    says what it is, its section of the paper, and how it is measured here
    ITEM/measure.py     the numbers: measure(...) takes trained nets and images
    ITEM/draw.py        the picture: draw(...) takes what `measure` gave
    ITEM/report.py      the claims, their verdicts, the tables: report(study) -> claims.Report
    ITEM/text.md        the words, under headings by which report.py asks for them
    ITEM/real.py        if the paper did it on its real network: the same statements on photographs
                        and a real one, by the same functions: real(study) -> claims.Report

Read `report` first: it says what is measured on which nets, and what is made of it.

No item imports another, but for Figure 4, which scores maps as Figure 2 does. What several items
need stands beside them:

    study.py            the images, the trained nets and the seeds of one reproduction
    claims.py           claims and their verdicts; numbers over seeds as text
    compare.py          how alike are two pictures, where is a picture's energy
    photographs.py      photographs and a real network: which of its layers are the paper's
    splits.py           classes split in two, for features that are carried to new classes
    draw_accuracies.py  curves that Figure 9 and Table 7 share
    reproduce.py        the list of items; computes them, and keeps what they find
    together.py         the page: small nets and a real network side by side
    processes.py        items in processes of their own, several at a time
    text.md             the words at the top of that page
"""
