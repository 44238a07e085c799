-- The closer keeps its place in memory and looks from the beginning when it starts.
drop table views.closer;
