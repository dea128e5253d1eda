"""The ground floor: hooks inside a process, publications across processes, back-off."""
