document.title = "costper";
