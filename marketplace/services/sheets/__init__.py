"""Sheets: what a pitch, a mandate and a solution consist of, field by field, declared once.

Forms, checks, completeness, visibility, differences between versions, documents and exports all read the declaration.
"""
