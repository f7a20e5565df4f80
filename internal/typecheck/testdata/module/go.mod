module platforms

go 1.26.0
