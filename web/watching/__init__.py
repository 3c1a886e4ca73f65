"""How the installation is: its processes and jobs report themselves, in figures for machines and sentences for people."""
