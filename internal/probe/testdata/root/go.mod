module root

go 1.26
