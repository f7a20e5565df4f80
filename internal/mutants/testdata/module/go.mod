module guarded

go 1.26.0
