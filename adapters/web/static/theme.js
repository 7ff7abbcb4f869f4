// Runs before the first paint, so that a chosen theme does not flash in after the system's.
{
  const theme = localStorage.getItem("inkling.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}
