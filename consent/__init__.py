"""Crumbtrail: cookie consent you can prove. Floors and words: see ARCHITECTURE.md."""
