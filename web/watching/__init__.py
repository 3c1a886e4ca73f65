"""How the installation is: its processes and jobs say so themselves, figures for machines, and sentences for whoever keeps it."""
